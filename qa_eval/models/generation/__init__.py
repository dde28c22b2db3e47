"""Language models: readers that write their answers.

generator     what a text generator is: prompts go in, texts come out
"""

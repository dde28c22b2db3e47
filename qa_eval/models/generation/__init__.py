"""Language models: readers that write their answers.

generator         what a text generator is: prompts go in, texts come out
prompt_files      from an instance to messages, and from a text to an answer
written_answers   a text generator as a model
chat_server       `openai:` models on a server
prompts/          the prompts of the package
"""

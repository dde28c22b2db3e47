"""Language models: readers that write their answers.

generator         what a text generator is: prompts go in, texts come out
prompt_files      from an instance to messages, and from a text to an answer
written_answers   a text generator as a model
server_models     `openai:` specs
chat_server       requests to a server: tries, pauses, the key
server_responses  what is read from a server's responses
prompts/          the prompts of the package
"""

"""Language models: readers that write their answers.

generator              what a text generator is: prompts go in, texts come out
prompt_files           from an instance to messages, and from a text to an answer
written_answers        a text generator as a model
server_models          `openai:` specs
chat_server            requests to a server: tries, pauses, the key
server_responses       what is read from a server's responses
language_checkpoints   `causal:` and `seq2seq:` checkpoints on this machine
gguf_files             `causal:` models in GGUF files
prompt_texts           from messages to tokens: chat templates, or plain text
generation_settings    the settings of a checkpoint that are used, and those that are set aside
token_batches          batches by tokens, for any model on this machine
torch_writer           the model itself, computed by torch
prompts/               the prompts of the package
"""

"""The files of a checkpoint, examined before anything is loaded: weights, tokenizer, configuration, card.

checkpoints       which files make up a checkpoint, and what they say
weights           the weights in the model that transformers makes
tokenizer_files   the tokenizer, as its own files have it
piece_models      tokenizers with only a SentencePiece model
tensor_files      headers of safetensors files
conversion        pickled weights as safetensors, without running code
architectures     what a configuration does not say of an architecture
cards             what a model card declares
remembered        what examining a checkpoint found, kept for the next run
"""

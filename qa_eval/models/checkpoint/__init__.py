"""The files of a checkpoint, examined before anything is loaded: weights, tokenizer, configuration, card.

checkpoints           which files make up a checkpoint, on disk or on the hub
configuration_files   the JSON files of a checkpoint
cards                 what its model card declares
architectures         what is to be known of an architecture beyond its configuration
tensor_files          the headers of safetensors files
weights               the weights in the model that transformers makes of the configuration
conversion            pickle files, read without running code and kept as safetensors
tokenizer_files       its tokenizer, as its own files have it
piece_models          tokenizers that are SentencePiece models
remembered            what examining a checkpoint found, kept between runs
"""

"""The files of a checkpoint, which are examined before anything is loaded.

checkpoints           the files that make up a checkpoint, on disk or on the hub
configuration_files   the JSON files of a checkpoint
cards                 the declarations in a model card
architectures         facts about architectures that are not in a configuration
tensor_files          the headers of safetensors files
weights               the weights, in the model that transformers makes from the configuration
block_sparse          attention that is sparse in long texts only
conversion            pickle files, read without running code and kept as safetensors
tokenizer_files       the tokenizer as the checkpoint's own files define it
built_tokenizers      the tokenizer that is used: its own tokenizer.json, or as transformers builds it
piece_models          tokenizers that are SentencePiece models
remembered            results of examining a checkpoint, kept between runs
"""

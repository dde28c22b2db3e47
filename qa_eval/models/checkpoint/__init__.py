"""The files of a checkpoint, examined before anything is loaded: weights, tokenizer, configuration, card."""

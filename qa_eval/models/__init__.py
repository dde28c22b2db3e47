"""Models: whatever answers questions.

    protocol          what a model is, and how a spec names one
    given_models      what a caller gives as models, looked at
    registry          from a spec to a model; the kinds there are
    huggingface       `hf:` checkpoints, read by torch
    onnx              `onnx:` checkpoints, read by ONNX Runtime
    baselines         `baseline:` heuristics that need no model
    replay            `predictions:` files of stored answers
    reading/          windows, spans and decoding: from logits to predictions
    checkpoint/       the files of a checkpoint: weights, tokenizer, card
    embedded/         the checkpoint that is part of this package
    declarations      whether a model was trained with unanswerable questions
    expressions       numbers, dates and names in running text, found by shape

Importing this room loads no machine-learning library.
"""

"""Models: everything that answers questions.

    protocol          what a model is, and how a spec names it
    given_models      checks of what a caller gives as models
    registry          the kinds of model, and the way from a spec to a model
    bert              the embedded model, computed by torch alone
    huggingface       `hf:` checkpoints, computed by torch and transformers
    torch_models      what both have: the forward pass, and the model around it
    torch_settings    devices, number formats and settings of torch
    onnx              `onnx:` checkpoints, computed by ONNX Runtime
    baselines         `baseline:` heuristics, which need no trained model
    replay            `predictions:` files of stored answers
    reading/          windows, spans and decoding: from logits to predictions
    generation/       language models that write their answers
    checkpoint/       the files of a checkpoint: weights, tokenizer, card
    embedded/         the checkpoint that is part of this package
    declarations      whether a model was trained with unanswerable questions
    expressions       numbers, dates and names in running text, found by their form

Importing this room loads no machine-learning library.
"""

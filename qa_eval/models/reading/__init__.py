"""Reading: a text is cut into windows, a model computes logits, and the best spans become a prediction.

windows           windows of tokens, cut from a question and a text of any length
spans             the best spans by start and end logits
reader            batches, timings, and predictions from spans
"""

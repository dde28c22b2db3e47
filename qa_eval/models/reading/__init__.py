"""Reading: a text is cut into windows, a model gives logits, and the best spans become a prediction.

windows           a question and a text of any length, as windows of tokens
spans             the best spans of a pair of start and end logits
reader            batches, timings, and predictions from spans
"""

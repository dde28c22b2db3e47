"""Metrics: each is defined once, in `catalog`.

    Prediction ─ decisions ─▶ Answer ─ item_scores ─▶ ItemScore ─ summary ─▶ metrics with intervals

    catalog             every metric as one entry
    parts               the record of an entry, and the pieces that entries are written with
    listings            names and order of metrics, and the tables and pages that show them
    worked_examples     each metric on ten items, with the contribution of every item
    guide               docs/reference/metrics.md, made from the entries
    score_table         the items' scores as columns
    summary             metrics with intervals
    scored_item         the record of an item, its answer and its scores
    item_scores         scores of one answer to one item of a collection
    reasons             why an answer is right or wrong, in a sentence
    single_answers      exact match, F1 and match of one answer, from plain texts
    example_scores      scores of one answer to one question of a public data set
    source_preferences  whose claims a model makes where sources disagree
    pooled_scores       scores of an answer that was chosen from all articles
    decisions           from a prediction to an answer: thresholds, pooling
    thresholds          no-answer thresholds that are fitted on other facts
    official_scores     the numbers of the official scripts for a whole data set
    calibration         how well a confidence tells right answers from wrong ones
    rules/              the official rules: SQuAD, MRQA, MLQA, KorQuAD, CMRC, DRCD
    answer_sets         a set of answers against a set of claims
    reference_answers   answers made of the golds, as reference rows
    worded_scores       scores of an answer in words: which claims it asserts
    passage_effects     closed-book answers and other orders of the passages, compared with the usual answer

Pure functions. Every value is a fraction: in [0, 1], or for skills at most 1.
"""

"""Official rules of exact match and F1, equal to the published scripts to the last bit.

squad             SQuAD 1.1 and 2.0, MRQA, and the list of all rules
mlqa              MLQA, one form for each of its seven languages
korquad           KorQuAD 1.0
cmrc              CMRC 2018 and DRCD
treebank          words as the Penn Treebank divides them
"""

"""Agreement of two people who answered the same questions.

annotations        how far the authors of two question sets agree
agreement_formats  agreement on the terminal and as JSON
"""

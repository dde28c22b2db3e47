"""Agreement of two people who answered the same questions, and of scorers with people.

annotations        how far the authors of two question sets agree
agreement_formats  agreement on the terminal and as JSON
labelled_answers   answers in words with the labels of people
scorer_agreement   how far scorers agree with such labels
"""

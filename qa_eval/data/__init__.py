"""The data: collections of articles and questions, public data sets, and files of answers.

corpus            a collection from its files, valid as a whole
corpus_files      question files and article folders, read with the place of everything
corpus_schema     the fields of a question line and of an article line
validation        from a JSON object to a validated line, with sentences about what is wrong
locations         where the curated questions and articles are
checks/           every check of a collection
items             the items of a collection, and the instances that a model sees
dataset           a public data set, streamed from its file
dataset_files     the bytes of a data set's file, and what they hold
dataset_options   what may be chosen of how a data set is read, and places in it
formats/          the file formats of public data sets, one file each
examples, golds   questions of a public data set and their answers
given_golds       golds in memory as a data set
published_sets    known data sets, and the rules by which each is scored
answers/          files of answers that other tools write
content_hashes    hashes of questions, articles and items
article_labels    short names of articles for people
"""

"""Exports: results and question sets in the formats of other tools, one file for each format.

`formats` lists them. To add one, write a function and add an entry there.
"""

"""The texts of documents, one module per format. What people would not see is left out: scripts, comments, hidden text.

text_of(name, data)      the text of any document but a PDF file
pdf.pages(data)          the pages of a PDF file
"""

from tuner.generation.reading.format_detection import Kind, UnusableError, kind_of, text_of

__all__ = ["Kind", "UnusableError", "kind_of", "text_of"]

"""Extracts the text of documents, one module per format. Invisible content is left out: scripts, comments, hidden text.

text_of(name, data)      the text of a document that is not a PDF file
pdf.open_pdf(data)       the pages of a PDF file
"""

from tuner.generation.reading.format_detection import DocumentFormat, UnusableError, detect_format, text_of

__all__ = ["DocumentFormat", "UnusableError", "detect_format", "text_of"]

"""Programs that decode files of datasets in a process of their own.

They import nothing else of this project: importing the datasets stage takes a second of the processor, and each file is
decoded by a new process.
"""

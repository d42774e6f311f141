"""Reading from and writing to the terminal: messages, tables, standard input, and the files that commands write."""

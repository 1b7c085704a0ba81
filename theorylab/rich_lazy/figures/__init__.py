"""The figures of the chapter: from the data of the experiments to a drawing."""

"""Two whole versions side by side: sizes, the pause and analyses around the cutover, and the cutover itself."""

"""The checks of `monitor doctor`: one module for each subject. They change nothing."""

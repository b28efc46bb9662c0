"""What pages are built of: values and callbacks go in, elements come out.

The one rule: a component imports `models` and NiceGUI only, and never reads data or a session itself.
"""

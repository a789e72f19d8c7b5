"""INT8 variants by NNCF, and the gate that none of them passes by luck.

Imports neither openvino nor nncf: `request` and `settings` are for whoever asks, `add` and
`step` for the process that does the work.
"""

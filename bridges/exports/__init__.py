"""Sessions in other programs' formats: BIDS folders, jsPsych timelines, arrays, tensors, environments.

`bids_events`, `jspsych` and `arrays` need NumPy and pandas only, `tensors` needs torch, `gym_env` needs
Gymnasium (``pip install 'neurosim[gym]'``), `nwb` needs pynwb (``[nwb]``). On the command line:
``python -m bridges.exports --help``.
"""

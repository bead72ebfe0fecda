"""neurosim: spiking circuits of recurrent self-excitation and selective attention, on Brian2.

Knows no task and no network. `neurosim.circuit` describes circuits as data, `neurosim.circuits`
holds the published ones, `neurosim.engine.simulate` runs them.
"""

"""The steps by name: `module:function`, each `(arguments, report) -> result`.

Arguments and results are pydantic models; the module is imported in the child alone.
"""

STEPS = {
    "unpack": "provisioning.importer.archive:unpack",
    "screen_program": "provisioning.importer.program_screen:screen_program",
    "convert": "provisioning.importer.convert:convert",
    "run_onnx": "provisioning.importer.onnx_reference:run_onnx",
    "measure": "provisioning.importer.measure:measure",
    "record_self_test": "provisioning.self_test.step:record_self_test",
    "try_version": "provisioning.trial.step:try_version",
    "quantise": "provisioning.quantise.step:quantise",
    "convert_program": "provisioning.zoo.program_reference:convert_program",
    "run_program": "provisioning.zoo.program_reference:run_program",
}

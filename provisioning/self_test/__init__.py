"""Records a version's own test case: inputs, and the answers that its variants gave to them."""

from provisioning.self_test.order import Recorded, SelfTestOrder
from provisioning.self_test.record import record

__all__ = ["Recorded", "SelfTestOrder", "record"]

"""What answers questions: checkpoints, heuristics, stored answers, plug-ins.

`resolve` makes a `Model` from a spec; `kinds` lists what there is. Importing this package loads no
machine-learning library: the adapters that need one import it when they are used.
"""

from __future__ import annotations

from qa_eval.models.protocol import Kind, Model, ModelSpec
from qa_eval.models.registry import kinds, parse_spec, resolve, with_quantized

__all__ = ["Kind", "Model", "ModelSpec", "kinds", "parse_spec", "resolve", "with_quantized"]

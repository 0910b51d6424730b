"""Records small GGUF files for GGUFModelTests and GGUFTests with the package gguf.

    pip install gguf safetensors
    python record_gguf.py FOLDER...

Models are folders in the layout of save_pretrained with an expected.safetensors that holds input_ids and logits, as
record_models.py writes them. Each becomes GGUF/NAME.gguf and, with what transformers computed, GGUF/NAME.safetensors.
The types of blocks go to ../IOTests/GGUF/types.gguf: each tensor with the values that gguf decodes beside it.
"""

import glob
import json
import os
import re
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Q
from safetensors.numpy import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
DECODER = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.qkv_proj": "attn_qkv", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.gate_up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
FOUR_NORMS = {
    "post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}
GPT2 = {
    "ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
}


def floats(folder):
    """The tensors of a model as float32; numpy has no bfloat16."""
    tensors = {}
    for path in sorted(glob.glob(f"{folder}/model*.safetensors")):
        with open(path, "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size))
            data = file.read()
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            begin, end = entry["data_offsets"]
            if entry["dtype"] == "BF16":
                bits = np.frombuffer(data[begin:end], np.uint16).astype(np.uint32) << 16
                tensors[name] = bits.view(np.float32).reshape(entry["shape"])
            elif entry["dtype"] == "F32":
                tensors[name] = np.frombuffer(data[begin:end], np.float32).reshape(entry["shape"])
    return tensors


def permute(weight, heads):
    """Pairs of the rotary embedding side by side, as files of the architecture llama have them."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def gguf_name(name, arch):
    name = re.sub(r"^(model|transformer)\.", "", name)
    stem, kind = name.rsplit(".", 1)
    outer = {"embed_tokens": "token_embd", "wte": "token_embd", "wpe": "position_embd", "norm": "output_norm",
             "ln_f": "output_norm", "lm_head": "output"}
    if stem in outer:
        return f"{outer[stem]}.{kind}"
    match = re.match(r"(?:layers|h)\.(\d+)\.(.*)", stem)
    if not match:
        return None
    table = dict(GPT2 if arch == "gpt2" else DECODER)
    if arch in ("gemma2", "gemma3", "olmo2"):
        table.update(FOUR_NORMS)
    return f"blk.{match[1]}.{table[match[2]]}.{kind}" if match[2] in table else None


def convert(folder, kind=Q.F32):
    config = json.load(open(f"{folder}/config.json"))
    arch = {"gemma3_text": "gemma3", "mistral": "llama"}.get(config["model_type"], config["model_type"])
    name = os.path.basename(folder) + ("" if kind == Q.F32 else f"_{kind.name.lower()}")
    path = f"{HERE}/GGUF/{name}.gguf"
    writer = gguf.GGUFWriter(path, arch)
    heads = config.get("num_attention_heads", config.get("n_head"))
    hidden = config.get("hidden_size", config.get("n_embd"))
    writer.add_context_length(config.get("max_position_embeddings", config.get("n_positions")))
    writer.add_embedding_length(hidden)
    writer.add_block_count(config.get("num_hidden_layers", config.get("n_layer")))
    writer.add_feed_forward_length(config.get("intermediate_size") or config.get("n_inner") or 4 * hidden)
    writer.add_head_count(heads)
    scale = 1.0
    if arch == "gpt2":
        writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    else:
        groups = config["num_key_value_heads"]
        size = config.get("head_dim") or hidden // heads
        rope = config.get("rope_parameters") or {}
        rope = rope.get("full_attention", rope)
        scaling = config.get("rope_scaling") or rope
        writer.add_head_count_kv(groups)
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
        writer.add_rope_freq_base(rope.get("rope_theta", config.get("rope_theta", 10000.0)))
        if size * heads != hidden:
            writer.add_key_length(size)
            writer.add_value_length(size)
        if scaling.get("rope_type") == "linear":
            writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(scaling["factor"])
        if scaling.get("rope_type") == "llama3":
            base, half = config["rope_theta"], size // 2
            factors = []
            for i in range(half):
                wavelength = 2 * np.pi * base ** (2 * i / size)
                original, factor = scaling["original_max_position_embeddings"], scaling["factor"]
                low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
                if wavelength < original / high:
                    factors.append(1.0)
                elif wavelength > original / low:
                    factors.append(factor)
                else:
                    smooth = (original / wavelength - low) / (high - low)
                    factors.append(1 / ((1 - smooth) / factor + smooth))
            writer.add_tensor("rope_freqs.weight", np.array(factors, np.float32))
        if scaling.get("rope_type") == "longrope":
            original = scaling["original_max_position_embeddings"]
            writer.add_rope_scaling_orig_ctx_len(original)
            factor = scaling["factor"]
            writer.add_rope_scaling_attn_factors(float(np.sqrt(1 + np.log(factor) / np.log(original))))
            writer.add_tensor("rope_factors_long.weight", np.array(scaling["long_factor"], np.float32))
            writer.add_tensor("rope_factors_short.weight", np.array(scaling["short_factor"], np.float32))
        if config.get("sliding_window") and arch != "qwen2":
            writer.add_sliding_window(config["sliding_window"])
        if arch == "gemma3":
            writer.add_sliding_window_pattern([t == "sliding_attention" for t in config["layer_types"]])
        if arch == "gemma2":
            writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
            writer.add_final_logit_softcapping(config["final_logit_softcapping"])
        if arch.startswith("gemma"):
            # Files do not hold the divisor of the scores.
            scale = float(np.sqrt(size / config["query_pre_attn_scalar"]))
    for tensor_name, tensor in floats(folder).items():
        if config.get("tie_word_embeddings") and tensor_name == "lm_head.weight":
            continue
        new = gguf_name(tensor_name, arch)
        if new is None:
            continue
        if arch == "llama" and ".attn_q." in new:
            tensor = permute(tensor, heads)
        if arch == "llama" and ".attn_k." in new:
            tensor = permute(tensor, config["num_key_value_heads"])
        if arch == "gpt2" and tensor.ndim == 2 and re.search(r"\.c_(attn|proj|fc)\.weight$", tensor_name):
            tensor = tensor.T
        if arch == "gemma2" and ".attn_q." in new:
            tensor = tensor * np.float32(scale)
        if arch.startswith("gemma") and new.endswith("norm.weight"):
            tensor = tensor + np.float32(1)
            if "attn_q_norm" in new:
                tensor = tensor * np.float32(scale)
        tensor = np.ascontiguousarray(tensor)
        if kind != Q.F32 and tensor.ndim == 2 and tensor.shape[1] % 32 == 0:
            writer.add_tensor(new, gguf.quants.quantize(tensor, kind), raw_dtype=kind)
        else:
            writer.add_tensor(new, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    if kind != Q.F32:
        return
    expected = load_file(f"{folder}/expected.safetensors")
    prefix = "" if "input_ids" in expected else "plain."
    recorded = {key: expected[prefix + key] for key in ("input_ids", "logits")}
    save_file(recorded, f"{HERE}/GGUF/{name}.safetensors")


def blocks(kind, rows, columns, random):
    """Blocks of random codes with finite scales."""
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    data = random.integers(0, 256, (rows, columns // elements, size), dtype=np.uint8)
    places = {Q.Q4_0: [0], Q.Q4_1: [0, 2], Q.Q5_0: [0], Q.Q5_1: [0, 2], Q.Q8_0: [0], Q.Q4_K: [0, 2], Q.Q5_K: [0, 2],
              Q.Q6_K: [208]}
    for place in places[kind]:
        scales = (random.standard_normal(data.shape[:2]) * 0.1).astype(np.float16)
        data[:, :, place:place + 2] = scales[..., None].view(np.uint8)
    return data.reshape(rows, -1)


def types():
    random = np.random.default_rng(1)
    writer = gguf.GGUFWriter(f"{HERE}/../IOTests/GGUF/types.gguf", "llama")
    for name, value in [("uint8", 200), ("uint16", 60000), ("uint32", 4000000000), ("uint64", 2**62)]:
        getattr(writer, f"add_{name}")(f"test.{name}", value)
    for name, value in [("int8", -100), ("int16", -30000), ("int32", -2000000000), ("int64", -2**62)]:
        getattr(writer, f"add_{name}")(f"test.{name}", value)
    writer.add_float32("test.float32", 0.5)
    writer.add_float64("test.float64", 0.1)
    writer.add_bool("test.bool", True)
    writer.add_string("test.string", "h\u00e9llo \U0001f600")
    writer.add_array("test.strings", ["a", "", "\u6f22"])
    writer.add_array("test.integers", [1, -2, 3])
    writer.add_array("test.floats", [0.5, -1.5])
    writer.add_array("test.bools", [True, False])
    for kind in [Q.Q4_0, Q.Q4_1, Q.Q5_0, Q.Q5_1, Q.Q8_0, Q.Q4_K, Q.Q5_K, Q.Q6_K]:
        data = blocks(kind, 2, 512, random)
        writer.add_tensor(kind.name, data, raw_dtype=kind)
        writer.add_tensor(f"{kind.name}.expected", gguf.quants.dequantize(data, kind).astype(np.float32))
    values = random.standard_normal((3, 5)).astype(np.float32)
    writer.add_tensor("F32", values)
    writer.add_tensor("F32.expected", values)
    writer.add_tensor("F16", values.astype(np.float16))
    writer.add_tensor("F16.expected", values.astype(np.float16).astype(np.float32))
    writer.add_tensor("BF16", gguf.quants.quantize(values, Q.BF16), raw_dtype=Q.BF16)
    writer.add_tensor("BF16.expected", gguf.quants.dequantize(gguf.quants.quantize(values, Q.BF16), Q.BF16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


types()
for folder in sys.argv[1:]:
    convert(folder)
    if os.path.basename(folder) == "llama3_rope":
        for kind in [Q.Q8_0, Q.Q4_0, Q.Q4_1]:
            convert(folder, kind)

"""Records small models with random parameters and what transformers computes with them, for RecordedModelTests.

    pip install torch transformers safetensors
    python record_models.py Models

Each folder has config.json and weights as save_pretrained writes them, case.json, which says what was computed, and
expected.safetensors with inputs and outputs.
"""

import json
import os
import sys

import torch
import transformers as t
from safetensors.torch import save_file

RTOL, ATOL = 1e-3, 1e-4


def randomise(model, seed):
    """Gives every parameter random values, so that a forgotten or swapped one shows."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = 0.3 if parameter.dim() > 1 else 0.2
            values = torch.randn(parameter.shape, generator=generator) * scale
            is_norm = "norm" in name.lower() or "ln" in name.lower()
            parameter.copy_(values + 1 if is_norm and name.endswith("weight") else values)


def grad_norm(model):
    return torch.sqrt(sum((p.grad.double() ** 2).sum() for p in model.parameters() if p.grad is not None)).float()


class Case:
    def __init__(self, folder, name, model, seed):
        self.path, self.model = os.path.join(folder, name), model.eval()
        randomise(model, seed)
        self.tensors, self.calls, self.runs = {}, [], []
        self.loss_name = None

    def keep(self, name, tensor):
        # Models without gradients for some parameters give views; the file needs tensors of their own.
        self.tensors[name] = tensor.detach().clone().contiguous()
        return name

    def call(self, name, inputs, outputs, where=None, hidden=False, **arguments):
        model_inputs = dict(inputs)
        result = self.model(**model_inputs, output_hidden_states=hidden, **arguments)
        call = {"name": name, "inputs": {}, "outputs": {}}
        if arguments:
            call["arguments"] = arguments
        for key, value in inputs.items():
            call["inputs"][key] = self.keep(f"{name}.{key}", value)
        if where:
            call["where"] = call["inputs"][where]
        for output in outputs:
            value = result[output]
            if isinstance(value, tuple):
                call["outputs"][output] = f"{name}.{output}"
                for index, state in enumerate(value):
                    self.keep(f"{name}.{output}_{index}", state)
            else:
                call["outputs"][output] = self.keep(f"{name}.{output}", value.reshape(1) if value.dim() == 0 else value)
        if "loss" in outputs:
            self.model.zero_grad()
            result.loss.backward()
            self.keep("grad_norm", grad_norm(self.model).reshape(1))
            self.loss_name = name
        self.calls.append(call)

    def generate(self, name, inputs, **arguments):
        tokens = self.model.generate(**inputs, do_sample=False, **arguments)
        run = {"name": name, "inputs": {k: self.keep(f"{name}.{k}", v) for k, v in inputs.items()}}
        run["arguments"], run["output"] = arguments, self.keep(f"{name}.output", tokens)
        self.runs.append(run)

    def write(self):
        self.model.save_pretrained(self.path)
        save_file(self.tensors, os.path.join(self.path, "expected.safetensors"))
        case = {"class": type(self.model).__name__, "rtol": RTOL, "atol": ATOL, "calls": self.calls,
                "generate": self.runs, "gradient_of": self.loss_name}
        with open(os.path.join(self.path, "case.json"), "w") as file:
            json.dump(case, file, indent=1)
            file.write("\n")


def tokens(shape, vocabulary, seed, low=3):
    return torch.randint(low, vocabulary, shape, generator=torch.Generator().manual_seed(seed))


def left_padding(shape, counts):
    mask = torch.ones(shape, dtype=torch.int64)
    for row, count in enumerate(counts):
        mask[row, :count] = 0
    return mask


def causal(folder, name, model, seed, length=9, generates=True):
    case = Case(folder, name, model, seed)
    vocabulary = model.config.vocab_size
    ids = tokens((2, length), vocabulary, seed)
    case.call("plain", {"input_ids": ids}, ["logits", "hidden_states"], hidden=True, use_cache=False)
    mask = left_padding(ids.shape, [0, 3])
    position_ids = (mask.cumsum(1) - 1).clamp(min=0)
    inputs = {"input_ids": ids, "attention_mask": mask}
    if "position_ids" in model.forward.__code__.co_varnames:
        inputs["position_ids"] = position_ids
    case.call("padding on the left", inputs, ["logits"], where="attention_mask", use_cache=False)
    case.call("loss", {"input_ids": ids, "labels": ids}, ["loss"], use_cache=False)
    if generates:
        case.generate("greedy", {"input_ids": ids[:, :4]}, max_new_tokens=10, pad_token_id=0)
        case.generate("greedy with padding", {"input_ids": ids[:, :5], "attention_mask": left_padding((2, 5), [0, 2])},
                      max_new_tokens=8, pad_token_id=0)
        case.generate("penalties", {"input_ids": ids[:, :4]}, max_new_tokens=10, pad_token_id=0,
                      repetition_penalty=1.3, no_repeat_ngram_size=2)
        case.generate("beams", {"input_ids": ids[:, :4]}, max_new_tokens=6, pad_token_id=0, eos_token_id=5, num_beams=3)
    case.write()


def encoder(folder, name, model, seed, labels, types=True):
    case = Case(folder, name, model, seed)
    ids = tokens((2, 8), model.config.vocab_size, seed)
    hidden = ["hidden_states"] + (["logits"] if labels is not None else ["last_hidden_state"])
    case.call("plain", {"input_ids": ids}, hidden, hidden=True)
    mask = left_padding(ids.shape, [0, 3]).flip(1)
    inputs = {"input_ids": ids, "attention_mask": mask}
    if types:
        inputs["token_type_ids"] = tokens((2, 8), 2, seed + 1, low=0)
    case.call("padding", inputs, hidden[1:], where="attention_mask")
    if labels is not None:
        case.call("loss", {"input_ids": ids, "labels": labels}, ["loss"])
    case.write()


def main(folder):
    small = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, vocab_size=50,
                 max_position_embeddings=32, pad_token_id=0, bos_token_id=None, eos_token_id=None)
    grouped = dict(small, num_key_value_heads=2)

    rope = {
        "linear": dict(rope_type="linear", factor=2.5, rope_theta=500.0),
        "dynamic": dict(rope_type="dynamic", factor=2.0, rope_theta=500.0),
        "yarn": dict(rope_type="yarn", factor=4.0, rope_theta=500.0, original_max_position_embeddings=8,
                     beta_fast=8.0, beta_slow=1.0),
    }
    for index, (kind, parameters) in enumerate(rope.items()):
        config = t.LlamaConfig(**dict(grouped, head_dim=8, max_position_embeddings=6 if kind == "dynamic" else 32),
                               rope_parameters=parameters)
        causal(folder, f"llama_{kind}_rope", t.LlamaForCausalLM(config), 10 + index, length=9)
    for original in (6, 20):
        config = t.Phi3Config(**dict(grouped, original_max_position_embeddings=original),
                              rope_parameters=dict(rope_type="longrope", rope_theta=500.0, factor=2.0,
                                                   original_max_position_embeddings=original,
                                                   short_factor=[1.0, 1.5], long_factor=[2.0, 3.0]))
        causal(folder, f"phi3_longrope_{original}", t.Phi3ForCausalLM(config), 20 + original, length=9, generates=original == 20)

    config = t.LlamaConfig(**grouped, attention_bias=True, mlp_bias=True, tie_word_embeddings=True, hidden_act="gelu")
    causal(folder, "llama_biases", t.LlamaForCausalLM(config), 30)
    config = t.Olmo2Config(**grouped, rms_norm_eps=1e-5)
    causal(folder, "olmo2", t.Olmo2ForCausalLM(config), 31)
    config = t.Qwen2Config(**grouped, use_sliding_window=True, sliding_window=3, max_window_layers=1)
    causal(folder, "qwen2_window", t.Qwen2ForCausalLM(config), 32)
    config = t.GPTNeoXConfig(**small, use_parallel_residual=False, rotary_pct=0.5)
    causal(folder, "gpt_neox_sequential", t.GPTNeoXForCausalLM(config), 33)
    config = t.GPT2Config(n_embd=16, n_layer=2, n_head=4, n_positions=32, vocab_size=50, n_inner=20,
                          scale_attn_by_inverse_layer_idx=True, bos_token_id=None, eos_token_id=None)
    causal(folder, "gpt2_scaled", t.GPT2LMHeadModel(config), 34)

    falcon = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=4, vocab_size=50, bos_token_id=None,
                  eos_token_id=None, pad_token_id=0, max_position_embeddings=32)
    causal(folder, "falcon_multi_query", t.FalconForCausalLM(t.FalconConfig(**falcon)), 40)
    causal(folder, "falcon_groups", t.FalconForCausalLM(
        t.FalconConfig(**falcon, new_decoder_architecture=True, num_kv_heads=2)), 41)
    causal(folder, "falcon_alibi", t.FalconForCausalLM(
        t.FalconConfig(**falcon, alibi=True, multi_query=False, parallel_attn=False, bias=True)), 42)

    # Without the padding token, whose embedding would get no gradient.
    bert = dict(small)
    encoder(folder, "electra_discriminator", t.ElectraForPreTraining(
        t.ElectraConfig(**bert, embedding_size=12)), 50, (tokens((2, 8), 5, 1) > 3).long())
    encoder(folder, "electra_generator", t.ElectraForMaskedLM(
        t.ElectraConfig(**bert, embedding_size=12)), 51, tokens((2, 8), 50, 2))
    encoder(folder, "electra_classifier", t.ElectraForSequenceClassification(
        t.ElectraConfig(**bert, embedding_size=16, num_labels=3)), 52, torch.tensor([2, 0]))
    roberta = dict(bert, pad_token_id=1, type_vocab_size=2)
    encoder(folder, "roberta_classifier", t.RobertaForSequenceClassification(
        t.RobertaConfig(**roberta, num_labels=1, problem_type="regression")), 53, torch.tensor([0.5, -1.0]))
    encoder(folder, "roberta_tokens", t.RobertaForTokenClassification(t.RobertaConfig(**roberta, num_labels=4)), 54,
            tokens((2, 8), 4, 3, low=0))
    encoder(folder, "bert_labels", t.BertForSequenceClassification(
        t.BertConfig(**bert, num_labels=3, problem_type="multi_label_classification")), 55,
        torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]))
    distil = dict(dim=16, hidden_dim=24, n_layers=2, n_heads=4, vocab_size=50, max_position_embeddings=32)
    encoder(folder, "distilbert_mlm", t.DistilBertForMaskedLM(t.DistilBertConfig(**distil)), 56,
            tokens((2, 8), 50, 4), types=False)

    bart = Case(folder, "bart", t.BartForConditionalGeneration(t.BartConfig(
        vocab_size=50, d_model=16, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=20, max_position_embeddings=32,
        scale_embedding=True, pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2,
        forced_eos_token_id=None)), 60)
    ids, decoder = tokens((2, 8), 50, 61), tokens((2, 5), 50, 62)
    outputs = ["logits", "encoder_last_hidden_state", "decoder_hidden_states", "encoder_hidden_states"]
    bart.call("plain", {"input_ids": ids, "decoder_input_ids": decoder}, outputs, hidden=True, use_cache=False)
    mask = left_padding(ids.shape, [0, 3]).flip(1)
    bart.call("padding", {"input_ids": ids, "attention_mask": mask, "decoder_input_ids": decoder}, ["logits"],
              use_cache=False)
    bart.call("loss", {"input_ids": ids, "labels": decoder}, ["loss"], use_cache=False)
    bart.generate("greedy", {"input_ids": ids, "attention_mask": mask}, max_new_tokens=8, eos_token_id=7)
    bart.generate("beams", {"input_ids": ids}, max_new_tokens=8, num_beams=2, eos_token_id=7, length_penalty=2.0)
    bart.write()

    images = torch.randn((2, 3, 12, 12), generator=torch.Generator().manual_seed(70))
    vision = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, image_size=12,
                  patch_size=4, num_labels=3)
    teacher = Case(folder, "deit_teacher", t.DeiTForImageClassificationWithTeacher(t.DeiTConfig(**vision)), 71)
    teacher.call("plain", {"pixel_values": images}, ["logits", "hidden_states"], hidden=True)
    teacher.write()
    deit = Case(folder, "deit_classifier", t.DeiTForImageClassification(t.DeiTConfig(**vision)), 72)
    deit.call("plain", {"pixel_values": images}, ["logits", "hidden_states"], hidden=True)
    deit.call("loss", {"pixel_values": images, "labels": torch.tensor([2, 0])}, ["loss"])
    deit.write()


if __name__ == "__main__":
    main(sys.argv[1])

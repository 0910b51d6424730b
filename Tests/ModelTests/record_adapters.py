"""Records small adapters and what PEFT computes with them, for AdapterTests.

    pip install torch transformers peft safetensors
    python record_adapters.py Models Adapters

Each folder has an adapter as PEFT's save_pretrained writes it, for the model of Models that case.json names, and
expected.safetensors: the inputs, the logits without and with the adapter and after merging, and the loss and the gradients of
a training step.
"""

import json
import os
import sys

import torch
import transformers
from peft import LoraConfig, PeftModel, PromptTuningConfig, TaskType, get_peft_model
from peft.utils.save_and_load import get_peft_model_state_dict
from safetensors.torch import save_file

MODELS, ADAPTERS = sys.argv[1:3]


def load(base, kind):
    return getattr(transformers, kind).from_pretrained(os.path.join(MODELS, base), dtype=torch.float32).eval()


def randomise(model, seed):
    """Gives the adapter's tensors random values: as PEFT begins, the adapter changes nothing."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad:
                continue
            values = torch.randn(parameter.shape, generator=generator)
            if "magnitude" in name:
                parameter.mul_(1 + 0.2 * values)
            else:
                parameter.add_(0.3 * values)


def inputs_of(kind, model):
    generator = torch.Generator().manual_seed(3)
    if "Image" in kind:
        size = model.config.image_size
        return {"pixel_values": torch.randn(2, model.config.num_channels, size, size, generator=generator)}
    return {"input_ids": torch.randint(0, min(model.config.vocab_size, 90), (2, 9), generator=generator)}


def labels_of(kind, model, inputs):
    if "Image" in kind or "Sequence" in kind:
        return torch.tensor([1, 0])
    return inputs["input_ids"]


def save(folder, case, tensors):
    os.makedirs(folder, exist_ok=True)
    save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, f"{folder}/expected.safetensors")
    with open(f"{folder}/case.json", "w") as file:
        json.dump(case, file, indent=1)
        file.write("\n")


def tidy(folder):
    readme = os.path.join(folder, "README.md")
    if os.path.exists(readme):
        os.remove(readme)


def record(name, base, kind, seed, merges=True, **settings):
    folder = os.path.join(ADAPTERS, name)
    torch.manual_seed(seed)
    model = load(base, kind)
    inputs = inputs_of(kind, model)
    tensors = {f"input.{k}": v for k, v in inputs.items()}
    with torch.no_grad():
        tensors["base"] = model(**inputs).logits
    model = get_peft_model(model, LoraConfig(**settings)).eval()
    randomise(model, seed)
    with torch.no_grad():
        tensors["adapted"] = model(**inputs).logits
    labels = labels_of(kind, model, inputs)
    tensors["labels"] = labels
    loss = model(**inputs, labels=labels).loss
    loss.backward()
    tensors["loss"] = loss
    names = {id(p): n for n, p in model.named_parameters()}
    gradients = {names[id(p)]: p.grad for p in model.parameters() if p.requires_grad}
    # The names of the files, which do not have that of the adapter.
    for key, value in gradients.items():
        key = key.replace(".modules_to_save.default", "").replace(".default", "")
        if key.endswith("lora_magnitude_vector.weight"):
            key = key[: -len(".weight")]
        tensors[f"gradient.{key}"] = value
    model.save_pretrained(folder)
    tidy(folder)
    if merges:
        with torch.no_grad():
            tensors["merged"] = model.merge_and_unload()(**inputs).logits
    save(folder, {"base": base, "kind": kind, "merges": merges}, tensors)


def record_several(name, base, kind):
    folder = os.path.join(ADAPTERS, name)
    torch.manual_seed(10)
    model = load(base, kind)
    inputs = inputs_of(kind, model)
    tensors = {f"input.{k}": v for k, v in inputs.items()}
    model = get_peft_model(model, LoraConfig(r=3, lora_alpha=6, target_modules=["q_proj", "v_proj"]), adapter_name="a")
    randomise(model, 11)
    model.add_adapter("b", LoraConfig(r=3, lora_alpha=3, target_modules=["q_proj", "up_proj"]))
    model.set_adapter("b")
    randomise(model, 12)
    model.eval()
    with torch.no_grad():
        for active in ("a", "b"):
            model.set_adapter(active)
            tensors[active] = model(**inputs).logits
        model.base_model.set_adapter(["a", "b"])
        tensors["both"] = model(**inputs).logits
        for kind in ("cat", "linear", "svd"):
            model.add_weighted_adapter(["a", "b"], [0.7, -0.4], adapter_name=kind, combination_type=kind)
            model.set_adapter(kind)
            tensors[kind] = model(**inputs).logits
        with model.disable_adapter():
            tensors["base"] = model(**inputs).logits
    model.save_pretrained(folder, selected_adapters=["a", "b"])
    for adapter in ("a", "b"):
        tidy(os.path.join(folder, adapter))
    tidy(folder)
    save(folder, {"base": base, "adapters": ["a", "b"]}, tensors)


def record_prompt(name, base, kind):
    folder = os.path.join(ADAPTERS, name)
    torch.manual_seed(20)
    model = load(base, kind)
    inputs = inputs_of(kind, model)
    tensors = {f"input.{k}": v for k, v in inputs.items()}
    model = get_peft_model(model, PromptTuningConfig(task_type=TaskType.CAUSAL_LM, num_virtual_tokens=4)).eval()
    randomise(model, 21)
    labels = inputs["input_ids"]
    tensors["labels"] = labels
    output = model(**inputs, labels=labels)
    output.loss.backward()
    tensors["adapted"], tensors["loss"] = output.logits, output.loss
    tensors["gradient.prompt_embeddings"] = next(p.grad for p in model.parameters() if p.requires_grad)
    model.save_pretrained(folder)
    tidy(folder)
    save(folder, {"base": base, "prompt": True}, tensors)


CAUSAL, CLASSES, IMAGES = (
    "AutoModelForCausalLM",
    "AutoModelForSequenceClassification",
    "AutoModelForImageClassification",
)

record(
    "gpt2_rank_pattern", "gpt2_scaled", CAUSAL, 1, r=4, lora_alpha=8, target_modules=["c_attn", "c_proj", "c_fc"],
    rank_pattern={"c_fc": 2, r"h\.0\.attn\.c_proj": 3}, alpha_pattern={"mlp.c_proj": 5}, lora_dropout=0.1)
record(
    "gpt2_dora", "gpt2_scaled", CAUSAL, 2, r=3, lora_alpha=4, target_modules=["c_attn", "c_fc"], use_dora=True,
    exclude_modules=["h.0.mlp.c_fc"])
record("gpt2_embedding", "gpt2_scaled", CAUSAL, 3, merges=False, r=2, lora_alpha=3, target_modules=["wte", "wpe"])
record(
    "llama_embedding_dora", "llama_biases", CAUSAL, 4, merges=False, r=2, lora_alpha=3, target_modules=["embed_tokens", "q_proj"],
    use_dora=True)
record(
    "llama_rslora_biases", "llama_biases", CAUSAL, 5, r=4, lora_alpha=6, target_modules="all-linear", use_rslora=True,
    bias="all", lora_bias=True)
record(
    "llama_layers", "llama_biases", CAUSAL, 6, r=2, lora_alpha=2, target_modules=["o_proj", "down_proj"],
    layers_to_transform=[1], layers_pattern="layers", bias="lora_only")
record(
    "llama_regex", "llama_biases", CAUSAL, 7, r=2, lora_alpha=2,
    target_modules=r".*\.layers\.\d+\.(self_attn\.[qk]|mlp\.gate)_proj", init_lora_weights="gaussian")
record(
    "bert_classifier", "bert_sequence_classifier", CLASSES, 8, r=2, lora_alpha=4, target_modules=["query", "value"],
    modules_to_save=["classifier"])
record("deit_conv", "deit_classifier", IMAGES, 9, r=3, lora_alpha=5, target_modules=["projection", "classifier"])
record("deit_conv_dora", "deit_classifier", IMAGES, 10, r=3, lora_alpha=5, target_modules=["projection"], use_dora=True)
record_several("llama_several", "llama_biases", CAUSAL)
record_prompt("gpt2_prompt", "gpt2_scaled", CAUSAL)

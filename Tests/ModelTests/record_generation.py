"""Records tokens that transformers generates with the models of Models/, for RecordedGenerationTests.

    pip install torch transformers==5.24.0 && python record_generation.py Models Generation.json
    pip install torch transformers==4.49.0 && python record_generation.py Models Generation.json

transformers 5 has neither contrastive search nor groups of beams; the second run adds these to the file.
"""

import json
import os
import sys

import torch
import transformers as t

CLASSES = {"gpt2_scaled": t.GPT2LMHeadModel, "llama_biases": t.LlamaForCausalLM,
           "gpt_neox_sequential": t.GPTNeoXForCausalLM, "bart": t.BartForConditionalGeneration}


def tokens(shape, seed):
    return torch.randint(3, 50, shape, generator=torch.Generator().manual_seed(seed))


def padding(shape, counts):
    mask = torch.ones(shape, dtype=torch.int64)
    for row, count in enumerate(counts):
        mask[row, :count] = 0
    return mask


class Recorder:
    def __init__(self, folder):
        # Fused attention of version 4 ignores the scales of the layers of GPT-2.
        self.models = {name: kind.from_pretrained(os.path.join(folder, name), attn_implementation="eager").eval()
                       for name, kind in CLASSES.items()}
        self.cases = []

    def run(self, name, model, ids, mask=None, assistant=None, scores=False, **arguments):
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids) if mask is None else mask}
        if assistant:
            arguments["assistant_model"] = self.models[assistant]
        arguments.setdefault("pad_token_id", 0)
        result = self.models[model].generate(**inputs, return_dict_in_generate=True, output_logits=scores,
                                             output_scores=True, **arguments)
        arguments.pop("assistant_model", None)
        case = {"name": name, "model": model, "input_ids": ids.tolist(), "arguments": arguments,
                "output": result.sequences.tolist()}
        if mask is not None:
            case["attention_mask"] = mask.tolist()
        if assistant:
            case["assistant"] = assistant
        if getattr(result, "sequences_scores", None) is not None:
            case["scores"] = result.sequences_scores.tolist()
        if scores:
            chosen = result.sequences[:, -len(result.logits):]
            logs = torch.stack(result.logits, 1).log_softmax(-1)
            case["log_probabilities"] = logs.gather(2, chosen.unsqueeze(-1)).squeeze(-1).tolist()
        self.cases.append(case)

    def sampling(self, name, model, ids, **arguments):
        """The probabilities from which the first token is sampled."""
        result = self.models[model].generate(ids, do_sample=True, max_new_tokens=1, pad_token_id=0,
                                             return_dict_in_generate=True, output_scores=True, **arguments)
        self.cases.append({"name": name, "model": model, "input_ids": ids.tolist(), "arguments": arguments,
                           "probabilities": result.scores[0][0].softmax(-1).tolist()})

    def perplexity(self, name, model, ids, window, stride):
        total, count, previous = 0.0, 0, 0
        for begin in range(0, ids.shape[1], stride):
            end = min(begin + window, ids.shape[1])
            with torch.no_grad():
                logs = self.models[model](ids[:, begin:end]).logits[0].log_softmax(-1)
            for place in range(max(previous, begin + 1), end):
                total -= logs[place - begin - 1, ids[0, place]].item()
                count += 1
            previous = end
            if end == ids.shape[1]:
                break
        self.cases.append({"name": name, "model": model, "input_ids": ids.tolist(), "window": window, "stride": stride,
                           "total": total, "count": count})


def record5(r):
    for index, model in enumerate(["gpt2_scaled", "llama_biases", "gpt_neox_sequential"]):
        ids = tokens((2, 5), 100 + index)
        mask = padding((2, 5), [0, 2])
        greedy = dict(do_sample=False, max_new_tokens=10)
        r.run("log probabilities", model, ids, scores=True, **greedy)
        r.run("no repeated n-grams", model, ids, no_repeat_ngram_size=2, **greedy)
        r.run("no n-grams of the prompt", model, tokens((2, 12), 110 + index), encoder_no_repeat_ngram_size=1, **greedy)
        r.run("minimum of new tokens", model, ids, min_new_tokens=6, eos_token_id=list(range(3, 30)), **greedy)
        r.run("minimum length", model, ids, min_length=9, eos_token_id=list(range(3, 30)), **greedy)
        r.run("forced end", model, ids, forced_eos_token_id=[7, 8], eos_token_id=7, **greedy)
        r.run("forced end of beams", model, ids, forced_eos_token_id=7, eos_token_id=7, num_beams=3, **greedy)
        r.run("forced first token", model, ids[:, :1], forced_bos_token_id=9, begin_suppress_tokens=[11, 12], **greedy)
        r.run("length decay", model, ids, exponential_decay_length_penalty=[3, 1.4], eos_token_id=6, **greedy)
        r.run("suppressed tokens", model, ids, suppress_tokens=list(range(20, 40)), begin_suppress_tokens=list(range(10)),
              **greedy)
        base = r.models[model].generate(ids, pad_token_id=0, **greedy)[0, 5:].tolist()
        r.run("bad words", model, ids, bad_words_ids=[[base[0]], base[2:4], base[5:8]], **greedy)
        r.run("sequence bias", model, ids, sequence_bias=[[[base[1]], -2.0], [base[3:5], -50.0], [[4], 1.5]], **greedy)
        r.run("penalties", model, ids, repetition_penalty=1.4, encoder_repetition_penalty=1.2, **greedy)
        r.run("beams", model, ids, mask, num_beams=4, num_return_sequences=3, eos_token_id=[5, 6], length_penalty=0.5,
              renormalize_logits=True, repetition_penalty=1.2, **greedy)
        r.run("beams to the maximum length", model, ids, num_beams=3, eos_token_id=list(range(3, 12)), length_penalty=2.0,
              early_stopping="never", **greedy)
        r.run("beams that stop early", model, ids, num_beams=3, eos_token_id=list(range(3, 12)), early_stopping=True,
              **greedy)
        other = ["llama_biases", "gpt_neox_sequential", "gpt2_scaled"][index]
        r.run("assistant", model, ids[:1], assistant=other, num_assistant_tokens=3, repetition_penalty=1.2,
              do_sample=False, max_new_tokens=20)
        r.run("assistant that is the model", model, ids[:1], assistant=model, eos_token_id=base[6:8], **greedy)
        r.run("prompt lookup", model, tokens((1, 6), 120 + index).repeat(1, 2), prompt_lookup_num_tokens=4,
              no_repeat_ngram_size=5, do_sample=False, max_new_tokens=16)
        sampled = dict(top_k=0)
        for name, options in {
            "temperature": dict(temperature=0.7), "top-k": dict(top_k=7), "top-p": dict(top_p=0.6, temperature=1.3),
            "min-p": dict(min_p=0.2), "top-h": dict(top_h=0.5), "typical": dict(typical_p=0.4),
            "epsilon": dict(epsilon_cutoff=0.03), "eta": dict(eta_cutoff=0.2, temperature=0.8),
            "together": dict(temperature=1.5, top_k=30, top_p=0.9, min_p=0.02, typical_p=0.8, epsilon_cutoff=0.005),
        }.items():
            r.sampling(name, model, ids[:1], **{**sampled, **options})
        r.perplexity("perplexity", model, tokens((1, 27), 130 + index), 10, 4)
        r.perplexity("perplexity of one window", model, tokens((1, 9), 140 + index), 20, 10)
    ids, mask = tokens((2, 8), 150), padding((2, 8), [0, 3]).flip(1)
    decoder = dict(do_sample=False, max_new_tokens=8, eos_token_id=7, pad_token_id=1)
    r.run("no n-grams of the input", "bart", ids, mask, encoder_no_repeat_ngram_size=1, **decoder)
    r.run("forced tokens", "bart", ids, mask, forced_bos_token_id=9, forced_eos_token_id=7, **decoder)
    r.run("penalties", "bart", ids, encoder_repetition_penalty=1.5, repetition_penalty=1.2, min_length=6, **decoder)
    r.run("beams", "bart", ids, mask, num_beams=4, num_return_sequences=2, no_repeat_ngram_size=2, **decoder)
    r.run("assistant that is the model", "bart", ids[:1], assistant="bart", num_assistant_tokens=3, **decoder)


def record4(r):
    # Version 4 does not read the rotary settings of the folder of GPT-NeoX.
    for index, model in enumerate(["gpt2_scaled", "llama_biases", "bart"]):
        size = 8 if model == "bart" else 5
        ids = tokens((2, size), 200 + index)
        mask = padding((2, size), [0, 2])
        if model == "bart":
            mask = mask.flip(1)
        shared = dict(do_sample=False, max_new_tokens=10, pad_token_id=0)
        r.run("contrastive search", model, ids, mask, penalty_alpha=0.6, top_k=4, **shared)
        r.run("contrastive search with rules", model, ids, penalty_alpha=0.3, top_k=6, repetition_penalty=1.2,
              eos_token_id=[5, 6], min_new_tokens=4, **shared)
        # Beams of version 4 do not have the scores of the forward pass where the encoder's input of BART is padded.
        r.run("groups of beams", model, ids, None if model == "bart" else mask, num_beams=6, num_beam_groups=3, diversity_penalty=0.8, eos_token_id=5,
              num_return_sequences=6, **shared)
        r.run("groups of beams with many ends", model, ids, num_beams=4, num_beam_groups=2, diversity_penalty=1.5,
              eos_token_id=list(range(3, 14)), num_return_sequences=2, length_penalty=1.5, no_repeat_ngram_size=2, **shared)
        r.run("groups of beams that stop early", model, ids, num_beams=4, num_beam_groups=4, diversity_penalty=0.5,
              eos_token_id=list(range(3, 14)), early_stopping=True, num_return_sequences=4, **shared)


def main(folder, path):
    recorder = Recorder(folder)
    major = int(t.__version__.split(".")[0])
    (record5 if major >= 5 else record4)(recorder)
    for case in recorder.cases:
        case["version"] = t.__version__
    cases = [case for case in json.load(open(path)) if case["version"].split(".")[0] != str(major)] if os.path.exists(path) \
        else []
    with open(path, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case) for case in cases + recorder.cases) + "\n]\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

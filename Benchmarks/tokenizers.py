#!/usr/bin/env python3
"""Times Torchlight's tokenizers beside Hugging Face's (pip install tokenizers) on the same text.

    swift build -c release --product tokenizer-bench
    Benchmarks/tokenizers.py TEXT [--bench .build/release/tokenizer-bench] [--tokenizer tokenizer.json ...]

Without --tokenizer, four tokenizers are trained on the text: byte-level BPE, BERT's WordPiece, Unigram and BPE in the way of
Llama 2. Each program encodes and decodes the paragraphs of the text as a batch, on one and on two threads, in processes that
take turns; the medians are printed. Both must give the same ids.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

# This file has the name of the package that it imports.
sys.path = [path for path in sys.path if os.path.abspath(path) != os.path.dirname(os.path.abspath(__file__))]

WORKER = r"""
import json, sys, time
from tokenizers import Tokenizer
path, text, repetitions = sys.argv[1], sys.argv[2], int(sys.argv[3])
start = time.perf_counter(); tokenizer = Tokenizer.from_file(path); load = time.perf_counter() - start
texts = [t for t in open(text, encoding="utf-8", newline="").read().split("\n\n") if t]
encode, decode = [], []
for _ in range(repetitions):
    start = time.perf_counter(); encodings = tokenizer.encode_batch(texts); encode.append(time.perf_counter() - start)
    ids = [e.ids for e in encodings]
    start = time.perf_counter(); tokenizer.decode_batch(ids, skip_special_tokens=False); decode.append(time.perf_counter() - start)
h = 0
for row in ids:
    for i in row: h = ((h * 1000003) & (2**64 - 1)) ^ i
encode.sort(); decode.sort()
print(json.dumps(dict(load=load, encode=encode[len(encode) // 2], decode=decode[len(decode) // 2], tokens=sum(map(len, ids)), hash=str(h))))
"""


def train(text, folder):
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    lines = open(text, encoding="utf-8").read().split("\n")
    paths = []

    def save(name, tokenizer, trainer):
        tokenizer.train_from_iterator(lines, trainer)
        paths.append(os.path.join(folder, name + ".json"))
        tokenizer.save(paths[-1])

    gpt2 = Tokenizer(models.BPE())
    gpt2.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    gpt2.decoder = decoders.ByteLevel()
    gpt2.post_processor = processors.ByteLevel(trim_offsets=False)
    save("byte_level_bpe", gpt2, trainers.BpeTrainer(
        vocab_size=16000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=["<|endoftext|>"],
        show_progress=False))
    bert = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    bert.normalizer = normalizers.BertNormalizer()
    bert.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    bert.decoder = decoders.WordPiece()
    save("wordpiece", bert, trainers.WordPieceTrainer(
        vocab_size=16000, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    unigram = Tokenizer(models.Unigram())
    unigram.normalizer = normalizers.NFKC()
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    unigram.decoder = decoders.Metaspace()
    save("unigram", unigram, trainers.UnigramTrainer(
        vocab_size=8000, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False))
    llama = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    llama.pre_tokenizer = pre_tokenizers.Metaspace()
    llama.decoder = decoders.Metaspace()
    save("llama_bpe", llama, trainers.BpeTrainer(vocab_size=16000, special_tokens=["<unk>"], show_progress=False))
    # Llama 2 replaces spaces in the normaliser and gives the model the whole text.
    stored = json.load(open(paths[-1]))
    stored["pre_tokenizer"] = None
    stored["normalizer"] = {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "\u2581"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]}
    json.dump(stored, open(paths[-1], "w"))
    return paths


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("text")
    parser.add_argument("--bench", default=".build/release/tokenizer-bench")
    parser.add_argument("--tokenizer", action="append")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    size = os.path.getsize(options.text) / 1e6
    with tempfile.TemporaryDirectory() as folder:
        for path in options.tokenizer or train(options.text, folder):
            for threads in (1, 2):
                results = {"torchlight": [], "hugging face": []}
                for _ in range(options.rounds):
                    environment = dict(
                        os.environ, RAYON_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM=str(threads > 1).lower())
                    commands = {
                        "torchlight": [options.bench, path, options.text, str(threads), str(options.repetitions)],
                        "hugging face": [sys.executable, "-c", WORKER, path, options.text, str(options.repetitions)],
                    }
                    for name, command in commands.items():
                        output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
                        results[name].append(json.loads(output.stdout.strip().split("\n")[-1]))
                same = len({r["hash"] for rows in results.values() for r in rows}) == 1
                medians = {name: {key: statistics.median(r[key] for r in rows) for key in ("load", "encode", "decode")}
                           for name, rows in results.items()}
                tokens = results["torchlight"][0]["tokens"]
                print(f"{os.path.basename(path)}, {threads} thread(s), {size:.1f} MB, {tokens} tokens, "
                      f"{'same ids' if same else 'DIFFERENT IDS'}")
                for key in ("load", "encode", "decode"):
                    ours, theirs = medians["torchlight"][key], medians["hugging face"][key]
                    rate = f"{size / ours:8.1f} MB/s against {size / theirs:8.1f} MB/s, " if key != "load" else ""
                    print(f"  {key:7} {ours * 1e3:9.1f} ms against {theirs * 1e3:9.1f} ms, {rate}{theirs / ours:5.2f} times")


main()

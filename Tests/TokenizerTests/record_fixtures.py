#!/usr/bin/env python3
"""Packs the recorded answers of Hugging Face's tokenizers and transformers into Fixtures/fixtures.json.gz.

    record_fixtures.py FOLDER      # the folder that holds tokenizers/, bpe/ and chat_templates/

The archive is a JSON object from paths to the texts of files. If the package sentencepiece is installed, small models of
SentencePiece with their answers are added.
"""

import base64
import gzip
import io
import json
import os
import sys


def sentencepiece_models(corpus):
    try:
        import sentencepiece
    except ImportError:
        return {}
    texts = ["Good morrow, cousin.", "", "  two   spaces ", "naïve café", "ﬁne ①②", "漢字 and かな", "tabs\tand\nlines",
             "12345 67,890", "a▁b", "Who goes there? Stand, and unfold yourself!", "🙂 ok"]
    result = {}
    for kind, options in {
        "unigram": dict(model_type="unigram", vocab_size=300),
        "unigram_bytes": dict(model_type="unigram", vocab_size=500, byte_fallback=True),
        "bpe": dict(model_type="bpe", vocab_size=300),
        "bpe_bytes": dict(model_type="bpe", vocab_size=500, byte_fallback=True, normalization_rule_name="identity",
                          remove_extra_whitespaces=False),
        "char": dict(model_type="char", vocab_size=80, add_dummy_prefix=False),
    }.items():
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(corpus), model_writer=model, hard_vocab_limit=False, minloglevel=2, **options)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        cases = [{"text": t, "ids": processor.encode(t), "decoded": processor.decode(processor.encode(t))}
                 for t in texts + corpus[:40]]
        result[f"sentencepiece/{kind}.json"] = json.dumps(
            {"model": base64.b64encode(model.getvalue()).decode(), "cases": cases}, ensure_ascii=False)
    return result


def main():
    folder = sys.argv[1]
    files = {}
    for name in ("tokenizers", "bpe", "chat_templates"):
        for path, _, names in sorted(os.walk(os.path.join(folder, name))):
            for file in sorted(names):
                if file != "README.md":
                    with open(os.path.join(path, file), encoding="utf-8", newline="") as stream:
                        files[os.path.relpath(os.path.join(path, file), folder)] = stream.read()
    corpus = [c["text"].strip() for c in json.loads(files["tokenizers/llama_bpe/expectations.json"])["encode"]]
    files.update(sentencepiece_models([c.replace("\n", " ") for c in corpus if len(c) > 20 and c.isascii()]))
    target = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Fixtures", "fixtures.json.gz")
    with open(target, "wb") as stream, gzip.GzipFile("", "wb", 9, stream, 0) as archive:
        archive.write(json.dumps(files, ensure_ascii=False).encode())
    print(len(files), "files,", os.path.getsize(target), "bytes")


main()

"""Records small models for question answering with their tokenizers, and what the pipeline of transformers answers, for
RecordedModelTests and PipelineTests. Version 5 of transformers no longer has the pipeline.

    pip install torch "transformers<5" safetensors
    python record_question_answering.py Models

Each folder has config.json, weights and the tokenizer as save_pretrained writes them, case.json, which says what was computed, and
expected.safetensors with inputs and outputs.
"""

import json
import os
import sys
import tempfile

import tokenizers
import torch
import transformers as t

from record_models import Case

TEXT = (
    "Sarah lives in London, near the river. Her brother Émile moved to Reykjavík in 1998; he is a baker there. "
    "The river freezes in winter, but the bakery stays open. Every spring the family meets in the north of Wales. "
    "Their mother, who was born in 1941, tells them about the war and the old lighthouse."
)
QUESTIONS = ["Where does Sarah live?", "Who moved to Reykjavík?", "When was the mother born?"]


def bert_tokenizer(folder):
    trained = tokenizers.BertWordPieceTokenizer(lowercase=True, strip_accents=False)
    trained.train_from_iterator([TEXT] + QUESTIONS, vocab_size=120, min_frequency=1, show_progress=False)
    trained.save_model(folder)
    return t.BertTokenizerFast(os.path.join(folder, "vocab.txt"), strip_accents=False)


def roberta_tokenizer(folder):
    trained = tokenizers.ByteLevelBPETokenizer()
    trained.train_from_iterator([TEXT] + QUESTIONS, vocab_size=340, min_frequency=1, show_progress=False,
                                special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    trained.save_model(folder)
    return t.RobertaTokenizerFast(os.path.join(folder, "vocab.json"), os.path.join(folder, "merges.txt"))


def record(folder, name, model, tokenizer, seed):
    case = Case(folder, name, model, seed)
    inputs = tokenizer(QUESTIONS[:2], [TEXT[:60], TEXT[:90]], padding=True, return_tensors="pt")
    inputs = {key: value for key, value in inputs.items()}
    case.call("plain", inputs, ["start_logits", "end_logits"], where="attention_mask")
    # Without the padding token, whose embedding would get no gradient.
    inputs = dict(tokenizer(QUESTIONS[:1], [TEXT[:60]], return_tensors="pt"))
    positions = {"start_positions": torch.tensor([12]), "end_positions": torch.tensor([14])}
    case.call("loss", inputs | positions, ["loss"])
    pipeline = t.pipeline("question-answering", model=model, tokenizer=tokenizer)
    runs = []
    # Whole, and in parts that overlap.
    for arguments in [{}, {"top_k": 4}, {"top_k": 3, "max_seq_len": 40, "doc_stride": 8},
                      {"top_k": 3, "max_seq_len": 32, "doc_stride": 4, "max_answer_len": 4, "align_to_words": False},
                      {"top_k": 5, "handle_impossible_answer": True, "max_seq_len": 48, "doc_stride": 10}]:
        for question in QUESTIONS:
            answers = pipeline(question=question, context=TEXT, **arguments)
            answers = answers if isinstance(answers, list) else [answers]
            scores = [answer["score"] for answer in answers]
            assert all(a > 1.0003 * b for a, b in zip(scores, scores[1:])), (name, arguments, scores)
            runs.append({"task": "question-answering", "question": question, "context": TEXT, "arguments": arguments,
                         "answers": answers})
    tokenizer.save_pretrained(case.path)
    case.write()
    path = os.path.join(case.path, "case.json")
    with open(path) as file:
        stored = json.load(file)
    with open(path, "w") as file:
        json.dump(stored | {"pipeline": runs}, file, indent=1, ensure_ascii=False)
        file.write("\n")


def main(folder):
    size = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4)
    with tempfile.TemporaryDirectory() as work:
        tokenizer = bert_tokenizer(work)
        record(folder, "bert_question_answering", t.BertForQuestionAnswering(
            t.BertConfig(**size, vocab_size=len(tokenizer), max_position_embeddings=160)), tokenizer, 82)
        tokenizer = roberta_tokenizer(work)
        record(folder, "roberta_question_answering", t.RobertaForQuestionAnswering(
            t.RobertaConfig(**size, vocab_size=len(tokenizer), max_position_embeddings=162, type_vocab_size=1,
                            pad_token_id=1, bos_token_id=0, eos_token_id=2)), tokenizer, 81)


if __name__ == "__main__":
    main(sys.argv[1])

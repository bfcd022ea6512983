from tests.benchmarks.case_lines import append_line, code_digest, read_lines


def test_a_line_cut_short_is_made_again(tmp_path):
    """A run that was killed while it wrote loses that one patient, and the file stays readable."""
    file = tmp_path / "patients.jsonl"
    append_line(file, {"seed": 1})
    append_line(file, {"seed": 2})
    file.write_bytes(file.read_bytes()[:-4])
    before = read_lines(file)
    append_line(file, {"seed": 3})

    assert before == [{"seed": 1}]
    assert read_lines(file) == [{"seed": 1}, {"seed": 3}]


def test_other_code_has_another_digest(tmp_path):
    """A changed module is told, a changed test is not."""
    (tmp_path / "draw.py").write_text("A = 1\n", encoding="utf-8")
    before = code_digest([tmp_path])
    (tmp_path / "test_draw.py").write_text("assert True\n", encoding="utf-8")
    with_test = code_digest([tmp_path])
    (tmp_path / "draw.py").write_text("A = 2\n", encoding="utf-8")

    assert with_test == before
    assert code_digest([tmp_path]) != before

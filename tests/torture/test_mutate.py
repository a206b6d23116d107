from mutate import run


def test_changed_files_are_read_or_refused_with_our_error(tmp_path):
    refused, seconds = run(750, tmp_path)
    assert seconds < 5
    assert all(count > 50 for count in refused.values())

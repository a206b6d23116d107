import pytest

HOUSES = """rooms,street,garden,sold,price
3,"Mill Road, 5",true,2024-01-31,1.5
4,High Street,false,2024-02-29,2.5
?,High Street,True,2024-01-31,3.25
5,,FALSE,2024-01-31,1e1
"""


@pytest.fixture
def write(tmp_path):
    """Write text, or bytes, to a file; the path comes back."""

    def to_file(content, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to_file


@pytest.fixture
def houses_csv(write):
    """A file with a column of each kind, and gaps."""
    return write(HOUSES, "houses.csv")

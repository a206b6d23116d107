"""A small table with a column of each kind, and missing values."""

HOUSES = """rooms,street,garden,sold,price
3,"Mill Road, 5",true,2024-01-31,1.5
4,High Street,false,2024-02-29,2.5
?,High Street,True,2024-01-31,3.25
5,,FALSE,2024-01-31,1e1
"""

"""``python FOLDER/dunlin_guest``: the guest as a child process."""

import os
import sys

if __name__ == "__main__":
    # Python puts this very folder at the front, which would make our modules top-level ones. What the
    # project imports has to be found first, so the folder above goes to the end.
    sys.path[0:1] = []
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from dunlin_guest import host

    host.main()

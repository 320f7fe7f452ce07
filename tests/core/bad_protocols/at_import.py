"""A module that examines the process at import: its protocol depends on the place and time of that."""

import os
import time

STARTED = time.time()
DEBUG = "LINES_DEBUG" in os.environ

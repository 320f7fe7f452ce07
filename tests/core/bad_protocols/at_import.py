"""A module that looks around when it is imported: what its protocol does depends on where and when that was."""

import os
import time

STARTED = time.time()
DEBUG = "LINES_DEBUG" in os.environ

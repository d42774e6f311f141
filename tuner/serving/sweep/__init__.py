"""The hourly sweep: releases what no run needs any more, and deletes what nothing uses any more."""

# Runs the Autobahn fuzzing client on Jython: java -jar jython.jar autobahn.py <folder of the suite> <spec.json>
import sys

sys.path.insert(0, sys.argv[1])
sys.argv = ["wstest", "-m", "fuzzingclient", "-s", sys.argv[2]]

from autobahntestsuite import wstest

wstest.run()

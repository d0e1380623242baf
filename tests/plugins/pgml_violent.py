"""An algorithm that does to its process what it is told to."""

import ctypes
import os
import signal
import sys
import time
import warnings

import numpy as np

import pgml
from pgml.predictors.build import linear


class Mean:
    def fit(self, X, y):
        self.mean = y.mean()
        return self

    def predict(self, X):
        return np.full(len(X), self.mean)


def hang():
    time.sleep(1000)


def hang_deaf():
    """Hang in C, with the lock of the interpreter held and the usual signals ignored."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ctypes.PyDLL(None).sleep(1000)


def eat_memory():
    eaten = []
    while True:
        eaten.append(np.ones(1 << 22))


def be_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def leave():
    os._exit(3)


def leave_a_child_behind():
    if os.fork() == 0:
        time.sleep(1000)
    os._exit(4)


def fault():
    ctypes.string_at(0)


def print_a_lot():
    print("hello from the plugin\n" * 10000)
    sys.stderr.write("and this is the error stream\n")
    os.write(1, b"written past Python\n")


def fork():
    for _ in range(3):
        if os.fork() == 0:
            time.sleep(1000)


def warn():
    for _ in range(1000):
        warnings.warn("the solver\n  did not converge", stacklevel=1)
    warnings.warn("and another thing", UserWarning, stacklevel=1)
    warnings.warn("this will change one day", DeprecationWarning, stacklevel=1)


WAYS = {
    way.__name__: way
    for way in (
        hang,
        hang_deaf,
        eat_memory,
        be_killed,
        leave,
        leave_a_child_behind,
        fault,
        print_a_lot,
        fork,
        warn,
    )
}


class Violent(pgml.Algorithm):
    name = "violent"
    objective = "regression"
    summary = "It does to its process what it is told to."
    hyperparameters = (pgml.Hyperparameter("how", pgml.Choice(*WAYS), "warn", "What to do."),)

    def estimator(self, how):
        return Mean()

    def fit(self, values, X, y):
        WAYS[values["how"]]()
        return super().fit(values, X, y)

    def compile(self, fitted):
        return linear.predictor(np.zeros(3), fitted.mean)

    def save(self, fitted):
        return b"mean"


@pgml.hookimpl
def pgml_algorithms():
    return [Violent()]

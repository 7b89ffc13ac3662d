"""The runtime of a Python function: it gets events from the Runtime API
(https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) and gives them to the handler, as Lambda's own does
(https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html). It needs no package.
"""

import decimal
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

request_id = ""  # Of the event that is handled, or was last.


class Fault(Exception):
    """An error that Lambda has a name for."""

    def __init__(self, error_type, message, trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.trace = list(trace)


class Identity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class Context:
    """What Lambda tells a handler (https://docs.aws.amazon.com/lambda/latest/dg/python-context.html)."""

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = Identity()
        self.client_context = None
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


class RuntimeAPI:
    """One connection to the Runtime API. It waits for an event for as long as there is none."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address)

    def call(self, method, path, body=None, error_type=None):
        headers = {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if error_type:
            headers["Lambda-Runtime-Function-Error-Type"] = error_type
        self.connection.request(method, "/2018-06-01/runtime/" + path, body, headers)
        response = self.connection.getresponse()
        return response, response.read()

    def next(self):
        response, body = self.call("GET", "invocation/next")
        if response.status != 200:
            sys.exit("the Runtime API answered %d: %s" % (response.status, body.decode()))
        return response.headers, body

    def post(self, path, value, error_type=None):
        response, body = self.call("POST", path, value.encode("utf-8", "surrogatepass"), error_type)
        if response.status != 202:
            logging.error("the Runtime API answered %d: %s", response.status, body.decode())


def encode_other(value):
    """Numbers that come from DynamoDB are what json cannot encode by itself and Lambda can."""
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


def encode(value):
    try:
        return json.dumps(value, default=encode_other, ensure_ascii=False, allow_nan=False)
    except Exception as error:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error) from error


def serialised(error):
    """An error as Lambda's runtime reports it."""
    if isinstance(error, Fault):
        return {"errorMessage": str(error), "errorType": error.error_type, "requestId": request_id, "stackTrace": error.trace}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__ and "importlib" not in f.filename]
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_list(frames),
    }


def log_error(report):
    print("[ERROR] %s: %s" % (report["errorType"], report["errorMessage"]))
    if report["stackTrace"]:
        print("Traceback (most recent call last):\n" + "".join(report["stackTrace"]), end="")


def load(handler):
    """The function that a handler such as app.lambda_handler or src/app.lambda_handler names."""
    module_name, dot, name = handler.rpartition(".")
    if not dot:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': it has the form module.function" % handler)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s%s" % (module_name, error, hint(error))) from error
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), trace) from error
    if not hasattr(module, name):
        raise Fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (name, module_name))
    return getattr(module, name)


def hint(error):
    if (error.name or "").split(".")[0] in ("boto3", "botocore"):
        return "\nLambda brings boto3 along, this machine does not: pip install boto3"
    return ""


class Formatter(logging.Formatter):
    converter = time.gmtime

    def format(self, record):
        record.aws_request_id = request_id
        return super().format(record)


def set_up_output():
    sys.stdout.reconfigure(line_buffering=True)
    sys.stderr.reconfigure(line_buffering=True)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"))
    logging.getLogger().addHandler(handler)


def handle(api, handler, headers, body):
    try:
        answer = encode(handler(json.loads(body), Context(headers)))
    except Exception as error:
        report = serialised(error)
        log_error(report)
        api.post("invocation/%s/error" % request_id, json.dumps(report), report["errorType"])
        return
    api.post("invocation/%s/response" % request_id, answer)


def main():
    global request_id
    set_up_output()
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]  # It was the folder of this file.
    api = RuntimeAPI(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:
        report = serialised(error)
        log_error(report)
        api.post("init/error", json.dumps(report), report["errorType"])
        sys.exit(1)
    while True:
        headers, body = api.next()
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"]
        handle(api, handler, headers, body)


if __name__ == "__main__":
    main()

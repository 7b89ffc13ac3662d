import decimal
import logging
import os
import sys

logging.getLogger().setLevel(logging.INFO)


def lambda_handler(event, context):
    do = event.get("do")
    if do == "fail":
        raise ValueError("no such thing")
    if do == "exit":
        sys.exit(7)
    if do == "decimal":
        return {"whole": decimal.Decimal("3"), "part": decimal.Decimal("0.5")}
    if do == "set":
        return {1, 2}
    if do == "unicode":
        return "grüße 🎉"
    if do == "log":
        print("printed")
        logging.info("logged")
    if do == "env":
        return dict(os.environ)
    if do == "context":
        return {
            "left": context.get_remaining_time_in_millis(),
            "id": context.aws_request_id,
            "name": context.function_name,
            "arn": context.invoked_function_arn,
            "memory": context.memory_limit_in_mb,
            "group": context.log_group_name,
            "trace": os.environ["_X_AMZN_TRACE_ID"],
            "version": context.function_version,
        }
    return event

"""Print what SAM makes of a template: translate.py template name=value..."""

import json
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samcli.lib.cfn_language_extensions.sam_integration import expand_language_extensions
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

with open(sys.argv[1], encoding="utf-8") as file:
    template = yaml_parse(file.read())
pseudo = {"AWS::StackName": "local", "AWS::Region": "us-east-1", "AWS::AccountId": "000000000000",
          "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
parameters = pseudo | dict(argument.split("=", 1) for argument in sys.argv[2:])
for name, parameter in template.get("Parameters", {}).items():
    parameters.setdefault(name, parameter.get("Default"))


def still_open(value, below_sub=False):
    """sam 1.170 makes a plain text of an Fn::Sub in which it knows some of the names: the others stay as they are."""
    if isinstance(value, dict):
        return {key: still_open(child, key == "Fn::Sub") for key, child in value.items()}
    if isinstance(value, list):
        return [still_open(child, below_sub) for child in value]
    return {"Fn::Sub": value} if isinstance(value, str) and "${" in value and not below_sub else value


if "AWS::LanguageExtensions" in template["Transform"]:
    template = expand_language_extensions(template, parameters, enabled=True).expanded_template
    template["Resources"] = still_open(template["Resources"])

# SAM takes code from S3 only; here it is beside the template again.
template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Function":
        resource["Properties"]["CodeUri"] = "s3://bucket/key"
translated = Translator({}, Parser()).translate(template, parameters)
for resource in translated["Resources"].values():
    if resource["Type"] == "AWS::Lambda::Function":
        resource["Properties"]["Code"] = "."
translated["Transform"] = ["AWS::LanguageExtensions"]
print(json.dumps(translated, indent=1))

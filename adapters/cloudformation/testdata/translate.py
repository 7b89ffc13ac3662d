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
parameters = dict(argument.split("=", 1) for argument in sys.argv[2:])
for name, parameter in template.get("Parameters", {}).items():
    parameters.setdefault(name, parameter.get("Default"))
template = expand_language_extensions(template, parameters, enabled=True).expanded_template

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

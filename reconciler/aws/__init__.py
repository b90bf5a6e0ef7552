"""Door 5: AWS. Credentials, regions, signatures and CloudWatch's protocol are botocore's business, in this room only.

botocore is the extra `aws` and is imported when it is first needed. What is asked for a measurement is sent through the
HTTP door, with its deadline; only to get credentials does botocore send by itself, with short time-outs of its own.
"""

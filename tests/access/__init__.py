"""Every endpoint × every role × every foreign area and scope: does anything come through?"""

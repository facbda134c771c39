"""Rules in, verdicts out: load and check YAML, compile conditions to SQL, weigh findings.

    ruleset = load_rules(own=[...])
    verdicts, rule_errors = judge(rows, ruleset, show=redactor)

Import from the modules: nothing is loaded here, so that a command pays only for what it uses.
"""

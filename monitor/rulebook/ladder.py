"""The status ladder: read from the `status:` of a rule file, else from the one that is shipped."""

from functools import lru_cache

from monitor.document import Node, read_file
from monitor.form import fill, find
from monitor.incident import Step
from monitor.mistake import Mistake, MistakesError
from monitor.rulebook.forms import StepForm
from monitor.settings import shipped


def read_ladder(node: Node, mistakes: list[Mistake]) -> tuple[Step, ...]:
    """The steps of a `status:` section, strongest first; what is wrong goes to the mistakes."""
    if not isinstance(node.value, list) or not node.value:
        hint = "begin each step with `- is: reported`, the strongest first"
        mistakes.append(Mistake(node.mark, "`status` should be a list of steps", hint))
        return ()
    steps: list[Step] = []
    for one in node.value:
        form, wrong = fill(StepForm, one)
        mistakes += wrong
        if form is None:
            continue
        if form.status in {step.status for step in steps}:
            message = f"the step `{form.status}` is given twice"
            mistakes.append(Mistake(find(one, ["is"]).mark, message, "keep one of them"))
        if not (form.families or form.affiliations or form.denials):
            hint = "add families, affiliations or denials"
            mistakes.append(Mistake(one.mark, f"what makes it {form.status}?", hint))
        steps.append(_step(form))
    if steps and not any(_lowest(step) for step in steps):
        hint = "end with `- {is: unconfirmed, means: one publisher says so, families: 1}`"
        mistakes.append(Mistake(node.mark, "no step that a single post makes", hint))
    return tuple(steps)


def _lowest(step: Step) -> bool:
    asks = step.roles or step.affiliations or step.of_the_place or step.sides or step.denials
    return not asks and step.families == 1


def _step(form: StepForm) -> Step:
    return Step(
        status=form.status,
        means=form.means,
        roles=form.who.role,
        affiliations=form.who.affiliation,
        of_the_place=form.of_the_place,
        families=form.families,
        sides=form.affiliations,
        denials=form.denials,
        rings=form.rings,
    )


@lru_cache(maxsize=1)
def shipped_ladder() -> tuple[Step, ...]:
    """The ladder of rules/status.yaml.

    Raises:
        MistakesError: somebody has edited it wrongly.
    """
    mistakes: list[Mistake] = []
    steps = read_ladder(find(read_file(shipped("rules/status.yaml")), ["status"]), mistakes)
    if mistakes:
        raise MistakesError(mistakes)
    return steps

"""The commands for a cluster in README."""

from dataclasses import dataclass

from tests.support.docs import markdown_documents

_HEADING = "## Use it on a cluster"


@dataclass(frozen=True, kw_only=True)
class Instructions:
    """The file and the commands of the section, in order."""

    kustomization: str
    commands: tuple[str, ...]

    @property
    def image(self) -> str:
        """The image name in the build command."""
        (built,) = (each for each in self.commands if each.startswith("docker build "))
        return built.split()[3]

    def kubectl(self) -> tuple[str, ...]:
        """The commands for the cluster, without those of docker."""
        return tuple(each for each in self.commands if not each.startswith("docker "))


def instructions(text: str | None = None) -> Instructions:
    """The code blocks of README's section on clusters."""
    text = (markdown_documents.ROOT / "README.md").read_text() if text is None else text
    section = markdown_documents.section(text, _HEADING)
    (kustomization,) = markdown_documents.blocks(section, "yaml")
    lines = (line for content in markdown_documents.blocks(section, "sh") for line in content.splitlines())
    return Instructions(kustomization=kustomization, commands=tuple(line for line in lines if line.strip()))
